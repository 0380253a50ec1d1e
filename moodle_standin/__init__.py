"""A stand-in for Moodle 4.5: the web service functions, errors and oddities of the real one, in one small
process.

It imports nothing of the product that it stands in front of and knows a course only from the bytes it received.
"""
