"""What the room does for people in danger, and what it owes everybody: cards, humans, notices."""
