"""What granian serves as the live channel."""

from egide.live.app import from_environment

application = from_environment()
