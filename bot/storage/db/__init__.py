"""The way to the database: connections, errors, encryption, types, the clock and leases."""
