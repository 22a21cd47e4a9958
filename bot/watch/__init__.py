"""What the bot looks after in itself: progress, nodes, disk, connections, the event loop."""
