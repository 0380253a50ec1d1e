"""Awards: policies, decisions, the register of what was issued, credentials, certificates and their portal."""
