"""Jobs: what is due when, a ledger of what was done, and three ways to run it: here, on one machine, on many."""
