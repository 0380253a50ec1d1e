"""The public portal: read-only pages on which anyone checks a certificate. It holds no key and no token."""
