/**
 * Pages on their way between peers: {@link org.dcmigrate.peer.transfer.TransferSender} at a source
 * or contributor, {@link org.dcmigrate.peer.transfer.TransferReceiver} at a destination, and the
 * {@link org.dcmigrate.peer.transfer.EgressLimiter} that all senders of a peer share.
 *
 * <p>Memory stays bounded whatever the guest's size: a sender waits until the transport has passed
 * on all but a mebibyte, and a receiver holds no more than the transport's flow-control window.
 */
@NullMarked
package org.dcmigrate.peer.transfer;

import org.jspecify.annotations.NullMarked;
