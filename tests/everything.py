"""Whether a test goes through all that it can, as `make proofs` asks for, or takes the sample of every commit."""

import os

EVERYTHING = bool(os.environ.get("EVERYTHING"))
