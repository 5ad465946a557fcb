"""Bytes on this disk: whole or not at all."""
