"""How data sets lie on disk, public ones as they are downloaded: a file each, found by a look at the folder."""
