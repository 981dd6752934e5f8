"""A minimal mlflow run: one parameter, into a store of files (MLFLOW_TRACKING_URI)."""

import mlflow

with mlflow.start_run():
    mlflow.log_param("prompt", "none")
