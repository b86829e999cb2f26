"""Both languages without any outside tool: `python -m lode.web.i18n update|compile|check`.

Sentences are gathered from templates and Python, kept in `locale/zh_Hans/LC_MESSAGES/django.po`, and compiled by
Babel to `django.mo`. Both files are committed, and a test says where one is behind.
"""
