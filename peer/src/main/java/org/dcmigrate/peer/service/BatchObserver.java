package org.dcmigrate.peer.service;

import io.grpc.stub.StreamObserver;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.wire.Errors;

/** Takes a client's stream of parts and answers at its end; the first bad part ends the call. */
abstract class BatchObserver<Q> implements StreamObserver<Q> {
  private final StreamObserver<?> out;
  private boolean refused;

  BatchObserver(StreamObserver<?> out) {
    this.out = out;
  }

  abstract void take(Q message) throws DcmException;

  abstract void end();

  @Override
  public final void onNext(Q message) {
    if (refused) {
      return;
    }
    try {
      take(message);
    } catch (DcmException bad) {
      refused = true;
      out.onError(Errors.toStatus(bad));
    }
  }

  @Override
  public final void onError(Throwable error) {
    // The client is gone before the end: nothing has taken effect.
    refused = true;
  }

  @Override
  public final void onCompleted() {
    if (!refused) {
      end();
    }
  }
}
