"""The inbox: `repository` stores updates and ends them, `lanes` says which are next."""
