"""Settings of the search service: what it serves, how it answers unless asked otherwise, and where it stops."""

from pydantic import BaseModel, ConfigDict, Field

from tasks.retrieval.index import Method


class ServiceConfig(BaseModel):
    """How the service behaves; where it listens and who may ask is not its own business."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field("main", description="The published index to serve; Dify calls it the knowledge_id.")
    method: Method = Field("hybrid", description="How to search where a request does not say.")
    top_k: int = Field(5, ge=1, le=1000, description="Documents a query, where a request does not say.")
    poll_seconds: float = Field(1.0, gt=0, description="How often to look which version is in force.")
    retry_seconds: float = Field(60.0, gt=0, description="When to try a refused version again.")
    batch_queries: int = Field(32, ge=1, description="The most queries that are searched at a time.")
    waiting_queries: int = Field(512, ge=1, description="Queries that may wait; above, requests get 503.")
    max_body_bytes: int = Field(99_999, ge=1000, description="A larger request body is refused with 413.")
    log_queries: bool = Field(True, description="Write queries to the request log; ids are written always.")
