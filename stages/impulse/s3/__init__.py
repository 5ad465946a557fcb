"""One way to objects of a bucket, for everything that reads or writes them."""
