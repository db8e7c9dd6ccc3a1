package org.dcmigrate.peer.service;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;
import org.dcmigrate.protocol.GenerationExtent;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.InventoryBatch;

/** Sends an inventory in batches, no faster than the other side takes them. */
final class InventoryBatches<A> implements Consumer<GenerationExtent> {
  private final ServerCallStreamObserver<A> out;
  private final Function<InventoryBatch, A> message;
  private final List<GenerationExtent> batch = new ArrayList<>();
  private final Semaphore ready = new Semaphore(0);

  /** To be made before the service method returns, as handlers must be set by then. */
  InventoryBatches(StreamObserver<A> out, Function<InventoryBatch, A> message) {
    this.out = (ServerCallStreamObserver<A>) out;
    this.message = message;
    this.out.setOnReadyHandler(ready::release);
    this.out.setOnCancelHandler(ready::release);
  }

  @Override
  public void accept(GenerationExtent extent) {
    batch.add(extent);
    if (batch.size() == Wire.MAX_EXTENTS) {
      flush();
    }
  }

  /** Sends what is left. */
  void flush() {
    if (batch.isEmpty() || out.isCancelled()) {
      batch.clear();
      return;
    }
    while (!out.isReady() && !out.isCancelled()) {
      ready.acquireUninterruptibly();
    }
    out.onNext(message.apply(Wire.inventory(batch)));
    batch.clear();
  }
}
