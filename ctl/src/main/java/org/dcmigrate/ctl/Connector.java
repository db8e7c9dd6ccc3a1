package org.dcmigrate.ctl;

import io.grpc.ManagedChannel;

/** Makes channels; a seam for tests. */
interface Connector {
  ManagedChannel connect(ConnectionSettings settings) throws CtlException;
}
