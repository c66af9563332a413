"""The portal's own settings, with keys for tests and quick password hashing."""

import os

os.environ.setdefault("CSM_ENV_FILE", "/nonexistent")
os.environ.setdefault("DJANGO_SECRET_KEY", "only-for-tests-" + "x" * 50)
os.environ.setdefault("CSM_SECRET_KEYS", "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=")
os.environ["CSM_DEMO"] = "1"
os.environ.setdefault("CSM_LOG_LEVEL", "ERROR")

from csm_portal.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CSM_RUN_JOBS_INLINE = True
