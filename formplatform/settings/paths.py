"""Directories: the project's root and where it keeps its data."""

from pathlib import Path

from . import env

BASE_DIR = Path(__file__).resolve().parents[2]
env.load_dotenv(env.path("ENV_FILE", BASE_DIR / ".env"))
DATA_DIRECTORY = env.path("DATA_DIRECTORY", BASE_DIR / "var")
ANALYTICS_COLUMNS_PATH = env.path("ANALYTICS_COLUMNS_PATH", DATA_DIRECTORY / "columns")
ML_MODEL_STORAGE_PATH = env.path("ML_MODEL_STORAGE_PATH", DATA_DIRECTORY / "models")
REPORT_STORAGE_PATH = env.path("REPORT_STORAGE_PATH", DATA_DIRECTORY / "reports")
PLUGIN_DIRECTORY = env.path("PLUGIN_DIRECTORY", BASE_DIR / "plugins" / "bundled")
