"""What one replay gives; each path below is a product of its own, kept by the digest of its code.

A product uses the ground rooms (errors, replay, schema) and what it names in ``USES``, and nothing else.
"""
