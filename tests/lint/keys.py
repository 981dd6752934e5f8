"""For detect-secrets: keys that it does not know by itself, of model servers and of age."""

import re

from detect_secrets.plugins.base import RegexBasedDetector


class ModelAndAgeKeys(RegexBasedDetector):
    secret_type = "Key of a model server, or of age"
    denylist = (
        re.compile(r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,}"),
        re.compile(r"(?<![A-Za-z0-9])AIza[0-9A-Za-z_-]{35}"),
        re.compile(r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}"),
        re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    )
