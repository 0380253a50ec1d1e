"""The suite around Moodle: plan and apply, facts and reports, and the command."""
