"""A course as its learners will see it while it is written: a page on this machine that follows every saved file."""
