"""Results of quizzes: read from the fact log, analysed, put on pages, into tables and into a proposed change."""
