# A flow of TCP for measuring how fast it is.
#   rate.pl receive PORT SKIP-MS TIMES MEASURE-MS   takes one flow and prints its bits a second so many times, not
#                                                   counting its beginning
#   rate.pl send ADDRESS PORT                       sends as fast as it can until nobody wants it any more
use strict;
use warnings;
use IO::Socket::INET;
use Time::HiRes qw(time);

$| = 1;
$SIG{PIPE} = 'IGNORE';
my ($what, @rest) = @ARGV;

if ($what eq 'receive') {
  my ($port, $skip, $times, $measure) = @rest;
  my $server = IO::Socket::INET->new(LocalPort => $port, Listen => 1, ReuseAddr => 1) or die "listen: $!";
  print "ready\n";
  my $flow = $server->accept or die "accept: $!";
  my ($begin, $bytes, $printed) = (time + $skip / 1000, 0, 0);
  while ($printed < $times) {
    my $read = sysread($flow, my $buffer, 65536);
    die "the flow ended early" unless $read;
    my $passed = time - $begin;
    next if $passed < 0;
    $bytes += $read;
    next if $passed < $measure / 1000;
    printf "%d\n", $bytes * 8 / $passed;
    ($begin, $bytes) = (time, 0);
    $printed++;
  }
} else {
  my ($address, $port) = @rest;
  my $flow = IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port) or die "connect: $!";
  my $buffer = 'x' x 65536;
  1 while syswrite($flow, $buffer);
}
