"""What operators do in the chat, each by their role, and all of it written down."""
