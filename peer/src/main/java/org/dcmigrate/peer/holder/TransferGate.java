package org.dcmigrate.peer.holder;

import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;

/**
 * Lets page writes of one epoch through until it is closed. After {@link #close} has returned no
 * write is under way and none ever begins, so that memory can be verified, relayed or unmapped.
 */
final class TransferGate {
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private Optional<Failure> closed = Optional.empty();

  /** A write of pages. */
  interface Write<T> {
    T run() throws DcmException;
  }

  /** Makes the write, or refuses it with the reason of the closing. */
  <T> T pass(Write<T> write) throws DcmException {
    lock.readLock().lock();
    try {
      if (closed.isPresent()) {
        throw closed.get().exception();
      }
      return write.run();
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Closes for good; the first reason stays. */
  void close(Failure why) {
    lock.writeLock().lock();
    try {
      if (closed.isEmpty()) {
        closed = Optional.of(why);
      }
    } finally {
      lock.writeLock().unlock();
    }
  }
}
