package membership

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// MinTokenLife is what API servers grant at the least.
const MinTokenLife = 10 * time.Minute

// life is from when to when a token is good.
type life struct{ from, to time.Time }

// length is how long it is good in all.
func (l life) length() time.Duration { return l.to.Sub(l.from) }

// renewAt is when it is to be renewed: before ahead of its end, or with before 0 a
// third of its life ahead. It lives a hundredth of its life at the least, whatever
// before says: otherwise it would be renewed all the time.
func (l life) renewAt(before time.Duration) time.Time {
	if before <= 0 {
		before = l.length() / 3
	}
	return l.to.Add(-min(before, l.length()-l.length()/100))
}

// lifeOf reads a ServiceAccount's token, which is a JWT. What it says is not
// verified: the member's API server does that. The error never has the token in it.
func lifeOf(token string) (life, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return life{}, errors.New("it is no ServiceAccount's token of limited life")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return life{}, errors.New("it is no ServiceAccount's token: its payload is not base64")
	}
	var claims struct {
		Issued  int64 `json:"iat"`
		Expires int64 `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return life{}, errors.New("it is no ServiceAccount's token: its payload is not JSON")
	}
	if claims.Expires == 0 || claims.Expires <= claims.Issued {
		return life{}, errors.New("it never expires, and is not renewed")
	}
	return life{time.Unix(claims.Issued, 0), time.Unix(claims.Expires, 0)}, nil
}

// requestToken has a member make a token for an account. The member may make its
// life shorter, or longer, than asked for.
func requestToken(ctx context.Context, member *rest.Config, namespace, account string, length time.Duration) (string, life, error) {
	client, err := corev1client.NewForConfig(member)
	if err != nil {
		return "", life{}, err
	}
	seconds := int64(max(length, MinTokenLife) / time.Second)
	got, err := client.ServiceAccounts(namespace).CreateToken(ctx, account,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}, metav1.CreateOptions{})
	if err != nil {
		return "", life{}, fmt.Errorf("token for ServiceAccount %s/%s: %w", namespace, account, err)
	}
	l, err := lifeOf(got.Status.Token)
	if err != nil {
		return "", life{}, fmt.Errorf("token for ServiceAccount %s/%s: %w", namespace, account, err)
	}
	return got.Status.Token, l, nil
}
