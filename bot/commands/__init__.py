"""What an operator does on the command line besides running the bot."""
