package kubernetes

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// A list of another kind comes out of the decoder as an empty one: to believe it
// would withdraw everything.
func TestAnAnswerThatIsNoListWithdrawsNothing(t *testing.T) {
	r := &resource[string]{part: &part{name: "services"}, pack: func(runtime.Object) (string, bool) { return "", true }}
	if _, err := r.packPage(&corev1.ServiceList{}, ""); err == nil || !strings.Contains(err.Error(), "services: the answer is not the list that was asked for") {
		t.Errorf("got %v", err)
	}
	if _, err := r.packPage(&corev1.ServiceList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}}, ""); err != nil {
		t.Error(err)
	}
}
