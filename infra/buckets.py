"""The bucket on the object store, embedded or the user's: made, versioned, its temporary objects expiring."""

from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from minio import Minio
from minio.commonconfig import ENABLED, Filter
from minio.error import S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, NoncurrentVersionExpiration, Rule
from minio.versioningconfig import VersioningConfig

from blocks.s3 import S3Settings, connect
from blocks.store import ObjectStore
from infra.processes import StackError

EXPIRY_RULE = "finloom-tmp"
EXPIRY_DAYS = 7
NOT_OFFERED = {"NotImplemented", "MethodNotAllowed", "AccessDenied"}


def exists(settings: S3Settings) -> bool:
    """Whether the bucket is there and ours to use.

    Raises:
        StackError: the server does not answer, or refuses our keys.
    """
    try:
        connect(settings).head_bucket(Bucket=settings.bucket)
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status == 404:
            return False
        raise StackError(
            f"the object store at {settings.endpoint} answered {status} for bucket {settings.bucket!r}; "
            "check MINIO_ROOT_USER, MINIO_ROOT_PASSWORD and what that user may do"
        ) from error
    except BotoCoreError as error:
        raise StackError(
            f"the object store at {settings.endpoint} does not answer ({error}); check MINIO_ENDPOINT"
        ) from error
    return True


def responds(endpoint: str) -> bool:
    """Whether anything speaks HTTP at the endpoint, whatever it says to a stranger."""
    try:
        httpx.get(endpoint, timeout=5.0)
    except httpx.HTTPError:
        return False
    return True


def prepare(settings: S3Settings) -> list[str]:
    """Make the bucket what finloom needs, changing nothing that somebody else set; returns warnings.

    A server that does not offer versioning or life cycles, or not to us, costs a warning: finloom works
    without them.
    """
    client = _admin(settings)
    bucket = settings.bucket
    try:
        if not client.bucket_exists(bucket):
            client.make_bucket(bucket)
    except S3Error as error:
        if error.code != "BucketAlreadyOwnedByYou":
            raise StackError(
                f"could not make bucket {bucket!r} at {settings.endpoint}: {error.message}"
            ) from error
    steps: list[tuple[str, Callable[[Minio, str], None]]] = [
        ("keeps no old versions of objects", _enable_versioning),
        (f"does not expire tmp/ after {EXPIRY_DAYS} days", _expire_temporary),
    ]
    warnings = []
    for consequence, step in steps:
        try:
            step(client, bucket)
        except S3Error as error:
            if error.code not in NOT_OFFERED:
                raise
            warnings.append(f"the object store {consequence}: it answered {error.code}")
    return warnings


def honours_conditions(settings: S3Settings) -> bool:
    """Whether the store refuses to overwrite an object that a conditional write says must be absent."""
    store = ObjectStore(connect(settings), settings.bucket)
    key = f"tmp/conditional-write-{uuid4().hex}"
    store.put(key, b"first", absent=True)
    refused = not store.put(key, b"second", absent=True)
    store.client.delete_object(Bucket=settings.bucket, Key=key)
    return refused


def _admin(settings: S3Settings) -> Minio:
    address = urlsplit(settings.endpoint)
    return Minio(
        address.netloc,
        access_key=settings.access_key,
        secret_key=settings.secret_key.get_secret_value(),
        secure=address.scheme == "https",
        region=settings.region,
    )


def _enable_versioning(client: Minio, bucket: str) -> None:
    # Somebody who suspended it meant it.
    if client.get_bucket_versioning(bucket).status is None:
        client.set_bucket_versioning(bucket, VersioningConfig(ENABLED))


def _expire_temporary(client: Minio, bucket: str) -> None:
    present = client.get_bucket_lifecycle(bucket)
    rules = list(present.rules) if present else []
    if any(rule.rule_id == EXPIRY_RULE for rule in rules):
        return
    expiry = Rule(
        ENABLED,
        rule_id=EXPIRY_RULE,
        rule_filter=Filter(prefix="tmp/"),
        expiration=Expiration(days=EXPIRY_DAYS),
        # In a versioned bucket an expired object only hides; this frees its bytes.
        noncurrent_version_expiration=NoncurrentVersionExpiration(noncurrent_days=1),
    )
    client.set_bucket_lifecycle(bucket, LifecycleConfig([*rules, expiry]))
