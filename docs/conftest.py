"""The pages are doctests; what is made when the site is built, and what builds it, is not."""

collect_ignore_glob = ["_build/*", "_ext/*", "conf.py", "metrics/*", "api/generated/*"]
