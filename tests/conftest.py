"""What holds for every test."""

from hypothesis import settings

# A machine that is busy at the wrong moment fails no property: no deadline for an example, none for making one up. The
# examples are the same each time, as a check that decides something has to be; `pytest --hypothesis-profile=default`
# looks for new ones.
settings.load_profile("ci")
