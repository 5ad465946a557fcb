"""Everything that passes from stage to stage: names of files, columns of tables, reading and writing them."""
