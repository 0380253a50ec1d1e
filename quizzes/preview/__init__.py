"""A quiz to look at before anybody takes it: as a learner sees it, marked as Moodle would, and as a print-out with its key."""
