"""What one replay gives; each path below is a product of its own."""
