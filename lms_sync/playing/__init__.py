"""A whole programme played from its first day to its last: what people do, on a site that is real or stands in for one.

The demo and the trial on a real Moodle play the same acts in the same order; they differ in the stage: how
accounts come to be there, and whether time can be moved.
"""
