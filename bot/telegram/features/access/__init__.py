"""Who may use the bot: the door, invites, bans."""
