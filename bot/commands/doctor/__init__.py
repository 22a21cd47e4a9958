"""`python -m bot doctor`: a look at everything the bot needs, each with a verdict and a fix."""
