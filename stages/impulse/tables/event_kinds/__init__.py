"""Kinds of events that the parser tells of: what they mean, and the fields of their detail with units."""
