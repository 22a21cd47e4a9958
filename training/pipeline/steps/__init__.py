"""One module a stage: what it reads, how it is made, and the command that makes it by hand."""
