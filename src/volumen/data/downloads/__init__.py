"""Public data sets fetched from where they are published: resumed, checked, unpacked, looked into."""
