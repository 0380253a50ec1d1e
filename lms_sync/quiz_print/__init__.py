"""The print-out of a quiz with its key, for the commission that approves a test."""
