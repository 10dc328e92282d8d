"""The form store in MongoDB: mongoengine declares the documents, PyMongo moves them."""
