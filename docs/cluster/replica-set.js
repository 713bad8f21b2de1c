// Makes one replica set of the three databases of compose.cluster.yaml. Where they are one already, nothing is changed.
try {
  rs.initiate({
    _id: "rs0",
    members: [
      { _id: 0, host: "db-1:27017" },
      { _id: 1, host: "db-2:27017" },
      { _id: 2, host: "db-3:27017" },
    ],
  });
  print("the replica set is made");
} catch (error) {
  if (error.codeName !== "AlreadyInitialized") {
    throw error;
  }
  print("they are a replica set already");
}
