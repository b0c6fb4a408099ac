"""Reads to transcript abundances: the quantifiers and the intake gate."""
