"""What the whole suite agrees on."""

from hypothesis import HealthCheck, settings

# How long drawing an example takes says something about the machine, nothing about the product.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
