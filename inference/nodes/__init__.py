"""One or many servers with the same model: routing, failover, and a pause for those that failed."""
