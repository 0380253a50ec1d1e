"""Quizzes: YAML files become Moodle question banks, and everything Moodle would swallow is told before."""

from quizzes.pair import forms
from quizzes.question_bank import BankQuestion, QuestionBank, build_bank, language_banks
from quizzes.quiz import Quiz
from quizzes.quiz_activity import quiz_settings, quiz_slots
from quizzes.read_quiz import read_quiz

__all__ = [
    "BankQuestion",
    "QuestionBank",
    "Quiz",
    "build_bank",
    "forms",
    "language_banks",
    "quiz_settings",
    "quiz_slots",
    "read_quiz",
]
