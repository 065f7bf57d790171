"""The connection to the object store: where it is, with which keys, and a boto3 client with bounded patience."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, SecretStr

from blocks.home import read_stack, secret_path

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EMBEDDED_ACCESS_KEY = "finloom"
EMBEDDED_SECRET = "s3-secret-key"


class StoreUnavailable(ConnectionError):
    """The object store did not answer, or not in time; worth a retry."""


class StoreNotConfigured(RuntimeError):
    """No object store is known here."""


class S3Settings(BaseModel):
    """Where the object store is and who we are there."""

    model_config = ConfigDict(frozen=True)

    endpoint: str
    access_key: str
    secret_key: SecretStr
    bucket: str = "finloom"
    region: str = "us-east-1"


def read_settings() -> S3Settings:
    """The user's MinIO where `MINIO_ENDPOINT` is set, else the embedded store that `finloom up` started.

    Raises:
        StoreNotConfigured: neither is there.
    """
    bucket = os.environ.get("FINLOOM_BUCKET", "finloom")
    if endpoint := os.environ.get("MINIO_ENDPOINT"):
        user, password = os.environ.get("MINIO_ROOT_USER"), os.environ.get("MINIO_ROOT_PASSWORD")
        if not user or not password:
            raise StoreNotConfigured(
                f"MINIO_ENDPOINT is {endpoint} but MINIO_ROOT_USER or MINIO_ROOT_PASSWORD is not set; set both"
            )
        url = endpoint if "://" in endpoint else f"http://{endpoint}"
        return S3Settings(endpoint=url, access_key=user, secret_key=SecretStr(password), bucket=bucket)
    stack = read_stack()
    if stack is None:
        raise StoreNotConfigured("no object store is known here: run `finloom up`, or set MINIO_ENDPOINT")
    secret = secret_path(EMBEDDED_SECRET).read_text().strip()
    return S3Settings(
        endpoint=stack.s3_endpoint,
        access_key=EMBEDDED_ACCESS_KEY,
        secret_key=SecretStr(secret),
        bucket=bucket,
    )


def connect(settings: S3Settings) -> "S3Client":
    """A client for `settings`: path-style addresses, five tries with back-off, at most a minute for an answer."""
    return boto3.client(
        "s3",
        endpoint_url=settings.endpoint,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key.get_secret_value(),
        region_name=settings.region,
        config=Config(
            s3={"addressing_style": "path"},
            retries={"max_attempts": 5, "mode": "standard"},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=32,
        ),
    )


def error_code(error: ClientError) -> str:
    """The store's error code, such as `NoSuchKey`, or the HTTP status where it gives no code."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code or str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))


@contextmanager
def transient_errors_named(action: str) -> Iterator[None]:
    """Turn lost connections and server faults into `StoreUnavailable`, which is worth a retry."""
    try:
        yield
    except BotoCoreError as error:
        raise StoreUnavailable(
            f"the object store failed while {action}: {error}; `finloom status` says what runs, `finloom up` repairs it"
        ) from error
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status >= 500:
            raise StoreUnavailable(f"the object store answered {status} while {action}: {error}") from error
        raise
