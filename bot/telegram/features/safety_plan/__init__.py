"""/plan: what a person writes down in a better hour, for the hard one."""
